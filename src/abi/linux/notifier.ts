/**
 * eventfd(2), timerfd_create(2), signalfd(2): flags and struct signalfd_siginfo. Data.
 *
 * EFD_, TFD_, SFD_ and EPOLL_ flags for CLOEXEC and NONBLOCK are those of open(2).
 */
export const EFD_SEMAPHORE = 1;

export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2;

export const SIGNALFD_SIGINFO_SIZE = 128;
export const SSI_SIGNO = 0;
export const SSI_CODE = 8;
export const SSI_PID = 12;
export const SSI_UID = 16;
export const SSI_TID = 24;
export const SSI_OVERRUN = 32;
export const SSI_STATUS = 40;
export const SSI_INT = 44;
export const SSI_PTR = 48;
export const SSI_ADDR = 80;

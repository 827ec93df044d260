-- A table filled, indexed, joined, changed and emptied, in memory. $WORK is put in by the runner.
create table item(id integer primary key, name text, price real, kind integer);
create table sale(item integer, day integer, amount integer);
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000 * $WORK)
insert into item select i, printf('item %d of %s', i, hex(i * 7919 % 65537)), i * 37 % 1000 / 8.0, i % 17 from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000 * $WORK)
insert into sale select i * 7919 % (1000 * $WORK) + 1, i % 365, i % 11 + 1 from n;
commit;
create index sale_item on sale(item);
create index item_name on item(name);
select kind, count(*), round(sum(price * amount), 2) from item join sale on item = id group by kind order by kind;
select day % 30, max(name) from sale join item on id = item where name like '%F%' group by day % 30 order by 1 limit 10;
update item set price = price + (select count(*) from sale where item = id) where kind < 5;
delete from sale where day between 100 and 200;
select count(*), sum(amount) from sale;
select round(avg(price), 3), count(distinct name) from item;
select name from item order by name desc limit 3;

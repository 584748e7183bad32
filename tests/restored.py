"""After a test that commits, the database is as the migrations left it.

Django empties every table instead, and has all that belongs to a new clinic made anew: half a second
a test, of which there are hundreds. Here the tables that have rows then are copied aside once; what a
test has changed is deleted, and those that it changed are filled again.
"""

KEEP = """
create schema kept;
create table kept.state (
  name text primary key, columns text not null, count bigint not null, made_by xid not null
);
do $$
declare
  each text;
  shared text;
  rows bigint;
begin
  for each in
    select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and relname <> 'django_migrations'
  loop
    select string_agg(quote_ident(attname), ', ') into shared from pg_attribute
      where attrelid = format('public.%I', each)::regclass
        and attnum > 0 and not attisdropped and attgenerated = '';
    execute format('create table kept.%I as select %s from public.%1$I', each, shared);
    execute format('select count(*) from kept.%I', each) into rows;
    insert into kept.state values (each, shared, rows, '0');
  end loop;
end $$;

-- A table is as it was if all of its rows are those that were put back, and none of them is missing.
create procedure kept.put_back() language plpgsql as $$
declare
  each kept.state;
  as_it_was boolean;
  changed text[] = '{}';
begin
  for each in table kept.state loop
    if each.count = 0 then
      execute format('delete from public.%I', each.name);
    else
      execute format(
        'select count(*) = $1 and bool_and(xmin = $2) from public.%I', each.name
      ) into as_it_was using each.count, each.made_by;
      if as_it_was is not true then
        execute format('delete from public.%I', each.name);
        changed = changed || each.name;
      end if;
    end if;
  end loop;
  for each in select * from kept.state where name = any(changed) loop
    execute format(
      'insert into public.%I (%s) overriding system value table kept.%1$I', each.name, each.columns
    );
    update kept.state set made_by = pg_current_xact_id()::xid where name = each.name;
  end loop;
end $$;
"""


def keep(cursor) -> None:
    """Copy aside what is in the database, now that it is migrated."""
    cursor.execute("drop schema if exists kept cascade")
    cursor.execute(KEEP)
    put_back(cursor)


def put_back(cursor) -> None:
    cursor.execute("call kept.put_back()")

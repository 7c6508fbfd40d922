-- Written a hundred thousand at a time and read whole, at a start: taking it apart on the way in is for nothing.
alter table received alter column alert type json;
alter table told alter column told type json;

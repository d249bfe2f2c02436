-- Tables that onemap can follow, made from datasets.toml. PostgreSQL 13 or newer. Run as the owner of the database;
-- running it again changes nothing that is there.
--
-- Every row carries two columns of ours: the transaction that wrote it and a number that grows with every change.
-- A reader takes only rows of transactions older than every one that still runs, so that none is passed over which
-- commits late. A notification only wakes the reader; losing one loses nothing.
-- Rows are changed by INSERT … ON CONFLICT … DO UPDATE; deleting a row is not seen.

CREATE SCHEMA IF NOT EXISTS {schema};
CREATE SEQUENCE IF NOT EXISTS {schema}.onemap_change;

CREATE OR REPLACE FUNCTION {schema}.onemap_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.onemap_transaction := txid_current();
    NEW.onemap_change := nextval('{schema}.onemap_change');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION {schema}.onemap_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('onemap', TG_TABLE_NAME);
    RETURN NULL;
END $$;

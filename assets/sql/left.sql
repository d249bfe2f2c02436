SELECT count(*) FROM (
    SELECT 1 FROM {schema}.{table}
    WHERE (onemap_transaction, onemap_change) > ($1, $2)
    LIMIT 1000000
) AS waiting

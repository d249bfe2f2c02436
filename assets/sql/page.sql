SELECT onemap_transaction, onemap_change, {columns}
FROM {schema}.{table}
WHERE (onemap_transaction, onemap_change) > ($1, $2)
  AND onemap_transaction < txid_snapshot_xmin(txid_current_snapshot())
ORDER BY onemap_transaction, onemap_change
LIMIT {rows}

SELECT extract(epoch FROM clock_timestamp())::bigint, txid_snapshot_xmax(txid_current_snapshot())

"""What models cost: the catalog, prices and the ledger."""

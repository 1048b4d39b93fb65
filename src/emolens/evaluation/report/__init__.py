"""Pages, tables and files of results: an evaluation or a comparison in; HTML, Parquet and JSON out."""

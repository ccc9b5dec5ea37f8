"""What `import gnnrec_core as gr` offers: ids in, tables out."""

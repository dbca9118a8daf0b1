/* PAGE_SIZE comes from the loader as -D. */

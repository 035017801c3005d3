name: [broken

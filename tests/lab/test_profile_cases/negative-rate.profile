name: negative
links:
  - name: umts1
    rate: {down_mbit: -6, up_mbit: 1}
    delay_ms: 30

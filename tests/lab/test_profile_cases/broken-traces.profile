name: traces
links:
  - {name: gap, trace: {file: gap.csv}, delay_ms: 1}
  - {name: nothing, trace: {file: nothing.csv}, delay_ms: 1}
  - {name: words, trace: {file: words.csv, offset_s: -1}, delay_ms: 1}
  - {name: header, trace: {file: ../test_profile_cases/no-header.csv}, delay_ms: 1}
  - {name: offset, trace: {file: att-lte-driving.csv, offset_s: soon}, delay_ms: 1}

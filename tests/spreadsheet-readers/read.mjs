// Prints the sheets of a workbook as one reader returns them: node read.mjs READER FILE.
// Output: JSON, a list of sheets, each a list of rows, each a list of cells. A cell is null, a text, a number,
// a truth value, or {"time": "2026-01-31T08:20:30.120Z"}. Rows and cells that the reader leaves out are null.
import { readFile } from 'node:fs/promises'
import ExcelJS from 'exceljs'
import readExcelFile from 'read-excel-file/node'
import SheetJS from 'xlsx'
import XlsxPopulate from 'xlsx-populate'

// Rows and cells of ExcelJS are counted from 1, and values[0] is unused.
const excelJsRow = row => Array.from(row.values.slice(1))

const streamedRows = async path => {
  const sheets = []
  const options = { worksheets: 'emit', sharedStrings: 'cache', styles: 'cache' }
  for await (const worksheet of new ExcelJS.stream.xlsx.WorkbookReader(path, options)) {
    const rows = []
    for await (const row of worksheet) {
      rows[row.number - 1] = excelJsRow(row)
    }

    sheets.push(rows)
  }

  return sheets
}

const readers = {
  async exceljs(path) {
    const workbook = new ExcelJS.Workbook()
    await workbook.xlsx.readFile(path)
    return workbook.worksheets.map(excelJsSheet)
  },

  async 'exceljs-load'(path) {
    const workbook = new ExcelJS.Workbook()
    await workbook.xlsx.load(await readFile(path))
    return workbook.worksheets.map(excelJsSheet)
  },

  async 'exceljs-stream'(path) {
    // On a busy machine this reader now and then loses an entry of the archive, and fails with a TypeError. A file that
    // it cannot read fails every time.
    for (let attempt = 1; ; attempt++) {
      try {
        return await streamedRows(path)
      } catch (failure) {
        if (attempt === 3 || !(failure instanceof TypeError)) {
          throw failure
        }
      }
    }
  },

  async 'read-excel-file'(path) {
    return (await readExcelFile(path, { trim: false })).map(sheet => sheet.data)
  },

  async sheetjs(path) {
    const workbook = SheetJS.readFile(path, { cellDates: true, UTC: true })
    return workbook.SheetNames.map(name =>
      SheetJS.utils.sheet_to_json(workbook.Sheets[name], { header: 1, raw: true, defval: null, blankrows: true }))
  },

  async 'xlsx-populate'(path) {
    const workbook = await XlsxPopulate.fromFileAsync(path)
    return workbook.sheets().map(sheet => sheet.usedRange().value())
  },
}

function excelJsSheet(sheet) {
  const rows = []
  sheet.eachRow({ includeEmpty: true }, (row, number) => { rows[number - 1] = excelJsRow(row) })
  return rows
}

const cell = value => value instanceof Date ? { time: value.toISOString() } : value ?? null
const [reader, path] = process.argv.slice(2)
const sheets = await readers[reader](path)
process.stdout.write(JSON.stringify(sheets.map(rows => Array.from(rows, row => Array.from(row ?? [], cell)))))

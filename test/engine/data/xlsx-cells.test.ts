/** Numbers of a workbook read as their cells show them. */
import { describe, expect, it } from 'vitest';
import { showNumber } from '../../../engine/data/xlsx-cells.ts';

describe('showNumber', () => {
  it.each([
    ['1', 'General', '1'],
    ['0.30000000000000004', 'General', '0.3'],
    ['1234567890123456', 'General', '1234567890123456'],
    ['7', '00000', '00007'],
    ['0.256', '0.0%', '25.6%'],
    ['12.5', '0.00', '12.50'],
    ['1249', '#,##0.00 "kr"', '1249'],
    ['45292', 'yyyy-mm-dd', '2024-01-01'],
    ['45292', 'd.m.yyyy', '2024-01-01'],
    ['45295.39583333334', 'yyyy-mm-dd h:mm:ss', '2024-01-04 09:30:00'],
    ['0.5', 'h:mm', '12:00'],
    ['1', 'yyyy-mm-dd', '1900-01-01'],
    ['61', 'yyyy-mm-dd', '1900-03-01'],
  ])('%s as %s is %s', (stored, format, text) => {
    expect(showNumber(stored, format, false).text).toBe(text);
  });

  it('counts from 1904 where the workbook does', () => {
    expect(showNumber('43830', 'yyyy-mm-dd', true)).toEqual({ text: '2024-01-01', kind: 'date' });
  });
});

/** Addresses inside the window, and what files are called. */
import { expect, test } from 'vitest';
import { guessRoles, projectName } from '../../../renderer/src/lib/files.ts';
import { stepOfKey } from '../../../renderer/src/lib/keyboard.ts';
import { hrefOf, neighbour, routeOf } from '../../../renderer/src/lib/route.ts';
import { place, ticks } from '../../../renderer/src/lib/scale.ts';

test('every route survives the address bar; anything unknown is Home', () => {
  const routes = [
    { room: 'home' },
    { room: 'library' },
    { room: 'compare' },
    { room: 'settings' },
    { room: 'run', runId: 'r/1' },
    { room: 'project', projectId: 'a/b ü', step: 'fit' },
  ] as const;
  expect([
    routes.map((route) => routeOf(hrefOf(route))),
    routeOf('#/nowhere'),
    routeOf(''),
    routeOf('#/project/x/unknown'),
  ]).toEqual([routes, { room: 'home' }, { room: 'home' }, { room: 'project', projectId: 'x', step: 'data' }]);
});

test('steps have neighbours up to the ends, and a digit each with 0 as the tenth', () => {
  expect([
    neighbour('data', 1),
    neighbour('data', -1),
    neighbour('export', 1),
    ['1', '9', '0', 'a'].map(stepOfKey),
  ]).toEqual(['goal', null, null, [0, 8, 9, null]]);
});

test('a file with "test" as a word is for the test, unless nothing else is there to learn from', () => {
  expect([
    guessRoles(['train.csv', 'test.csv']),
    guessRoles(['mails_test_2024.xlsx', 'mails.xlsx']),
    guessRoles(['contest.csv', 'latest.csv']),
    guessRoles(['test.csv']),
  ]).toEqual([['train', 'test'], ['test', 'train'], ['train', 'train'], ['train']]);
});

test('a project is called as its file reads', () => {
  expect(
    ['course_feedback-2024.xlsx', '/x/Kundenanfragen März 2024.csv', '.csv', 'train.csv', 'trains.csv'].map(
      projectName,
    ),
  ).toEqual(['Course feedback 2024', 'Kundenanfragen März 2024', 'New project', 'New project', 'Trains']);
});

test('ticks are round and reach the largest value; places stay on the scale', () => {
  expect([
    ticks(5.9),
    ticks(142),
    ticks(0),
    place(0.5, [0, 1], [2, 148]),
    place(7, [0, 1], [2, 148]),
    place(1, [3, 3], [0, 10]),
  ]).toEqual([[0, 2, 4, 6], [0, 50, 100, 150], [0, 1], 75, 148, 0]);
});

import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { catalogueText } from './catalogue-text.js';
import { migrationText } from './migration-text.js';

// `npm run docs`
writeFileSync('docs/catalogue.md', catalogueText());
const MIGRATION = 'docs/migrating-from-spring-cloud-gateway.md';
writeFileSync(MIGRATION, migrationText(readFileSync(MIGRATION, 'utf8')));

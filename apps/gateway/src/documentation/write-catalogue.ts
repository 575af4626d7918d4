import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { catalogueText } from './catalogue-text.js';

// `npm run docs`
writeFileSync('docs/catalogue.md', catalogueText());

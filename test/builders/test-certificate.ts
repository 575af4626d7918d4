/** Certificates for servers of the tests; one lib keeps them. */
export { type TestCertificate, testCertificate } from '../../libs/proxy/src/testing/certificates.js';

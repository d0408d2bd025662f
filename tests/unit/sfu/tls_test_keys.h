/* A certificate for tests only: its private key is public. */
#ifndef TESTS_SFU_TLS_TEST_KEYS_H
#define TESTS_SFU_TLS_TEST_KEYS_H

static const char tls_private[] = "-----BEGIN PRIVATE KEY-----\n"
                                  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgm0mTZ3VIHuLeaSIi\n"
                                  "hnHVWIxasjKxSLMPfMmJatAdYtOhRANCAASOwSt684ghyC8cUGIpEb2+LNriFmLu\n"
                                  "wdLvrC3zjcLyQOqCDoMl4vUhMFPnt4D/KfKT2//4J8TB/S7QnSUMtUYF\n"
                                  "-----END PRIVATE KEY-----\n";
static const char tls_certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                      "MIIBfjCCASWgAwIBAgIUZZy0sLsIR1QAFMHzUf9qrRYs/GcwCgYIKoZIzj0EAwIw\n"
                                      "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAzMDgwNFoYDzIxMjYxMDMw\n"
                                      "MDMwODA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
                                      "PQMBBwNCAASOwSt684ghyC8cUGIpEb2+LNriFmLuwdLvrC3zjcLyQOqCDoMl4vUh\n"
                                      "MFPnt4D/KfKT2//4J8TB/S7QnSUMtUYFo1MwUTAdBgNVHQ4EFgQUGPp67rnhaguA\n"
                                      "ueoaIcgStwy6RCgwHwYDVR0jBBgwFoAUGPp67rnhaguAueoaIcgStwy6RCgwDwYD\n"
                                      "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiABvfpGUfYbZqt/h7NSTlLJ\n"
                                      "0Fifj3OEqsQbKVAVikh2qwIgENntz/Qr4vIGa7GNZ2Wc/JD1jqisg7UuQqxVZ24i\n"
                                      "g/w=\n"
                                      "-----END CERTIFICATE-----\n";

#endif

/* Keys for tests only: their private halves are public. */
#ifndef TESTS_DAEMON_TOKEN_TEST_KEYS_H
#define TESTS_DAEMON_TOKEN_TEST_KEYS_H

static const char issuer_private[] = "-----BEGIN PRIVATE KEY-----\n"
                                     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBQY6pz2eGBpWo1xO\n"
                                     "1aBzDbWnkybyeFaL5mpfFwxTynGhRANCAARXF2/C+4GB/JV8iwaNcLoOc5YkA8tG\n"
                                     "3C84Fi0DMDYyri642BFHIh7+MSLc+II8dDwX6TzmAMbmbXM4J7mN/U/7\n"
                                     "-----END PRIVATE KEY-----\n";
static const char issuer_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVxdvwvuBgfyVfIsGjXC6DnOWJAPL\n"
                                    "RtwvOBYtAzA2Mq4uuNgRRyIe/jEi3PiCPHQ8F+k85gDG5m1zOCe5jf1P+w==\n"
                                    "-----END PUBLIC KEY-----\n";
static const char other_private[] = "-----BEGIN PRIVATE KEY-----\n"
                                    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQoUSoYWWnrFZdUFR\n"
                                    "bC5z7/TD4w9Gv25NUzrzusDOdvahRANCAAT6nmcnPPwuAezB/IATL1fbSfkAXs7Y\n"
                                    "MnMzHOI6X6mqFQqaJhowERTvdS0ivOXa6iFfM6ml3JUyz6C+GnvYswek\n"
                                    "-----END PRIVATE KEY-----\n";
static const char other_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                   "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+p5nJzz8LgHswfyAEy9X20n5AF7O\n"
                                   "2DJzMxziOl+pqhUKmiYaMBEU73UtIrzl2uohXzOppdyVMs+gvhp72LMHpA==\n"
                                   "-----END PUBLIC KEY-----\n";
static const char p384_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                  "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7yWDj5uhCe4N2pPdNMdONeUr7qX1qvj7\n"
                                  "ev4//nU6HlCKfIuP9wHQrRb1g3a6/FVKgocH0CD/g9UvokQsxr3laxdDkw1lsjlb\n"
                                  "7yaldFrvt5T/uF5M4cBIdCLN0zqskBNl\n"
                                  "-----END PUBLIC KEY-----\n";
static const char rsa_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                 "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA21MYHMR/KDY5d22vLD+C\n"
                                 "0gocv7o/5BzjwcDwt9Ua8r1JaZ+gKNnIuRWtO3HErVar081uLXNVCghwIWW+w5fr\n"
                                 "bQHxZhYscYMrRLN2FnVnpB7gx3ztI3aHkKwGLXZk21H12EeWnOM1NuJFs602EgqO\n"
                                 "50Mz9E5OSyaigAOExgwnElwBUxcjkDzyd4w4wwUSrw3FywOvc/JeqwebU5YvDw78\n"
                                 "abw8VDVZ1tiTQAaZ907h+1tpQtJD5Ta3PFkzMsvGTvREhorwtGIjIwMCbtzM71XG\n"
                                 "opFi/lL4Kjgqkru1fWpND/57NVbbfB2eIniQFIek0mw6Kp7qUN493di9dNuNbTv7\n"
                                 "cwIDAQAB\n"
                                 "-----END PUBLIC KEY-----\n";

#endif

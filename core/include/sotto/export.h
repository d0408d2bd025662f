/* What every public header of Sotto starts from: visibility, result checking, C++ linkage. */
#ifndef SOTTO_EXPORT_H
#define SOTTO_EXPORT_H

#if defined(__GNUC__)
#define SOTTO_API __attribute__((visibility("default")))
#define SOTTO_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SOTTO_API
#define SOTTO_MUST_CHECK
#endif

#ifdef __cplusplus
#define SOTTO_BEGIN_DECLS extern "C" {
#define SOTTO_END_DECLS }
#else
#define SOTTO_BEGIN_DECLS
#define SOTTO_END_DECLS
#endif

#endif

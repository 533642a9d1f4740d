using Parley.Core;

namespace Parley.Functions.Api.Responses;

/// <summary>The status and body of a problem response.</summary>
public sealed record ProblemBody(int Status, string MediaType, byte[] Json);

/// <summary>
/// The form of problem responses. It is a feature of a request whose caller is known, because the caller's dialect
/// decides it.
/// </summary>
/// <param name="Create">Creates the body from the failure and from the problem of RFC 9457.</param>
public sealed record ProblemFormat(Func<ParleyException, Problem, ProblemBody> Create);

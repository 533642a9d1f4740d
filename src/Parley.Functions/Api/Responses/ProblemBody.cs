using Microsoft.AspNetCore.Http;
using Parley.Core;

namespace Parley.Functions.Api.Responses;

/// <summary>The status and body of a problem response.</summary>
public sealed record ProblemBody(int Status, string MediaType, byte[] Json);

/// <summary>The form of problem responses.</summary>
/// <param name="Create">Creates the body from the failure and from the problem of RFC 9457.</param>
public sealed record ProblemFormat(Func<ParleyException, Problem, ProblemBody> Create);

/// <summary>The forms of problem responses. It is a feature of every request.</summary>
/// <param name="Of">Chooses the form for a request, also for one whose caller is not known.</param>
public sealed record ProblemFormats(Func<HttpContext, ProblemFormat> Of);

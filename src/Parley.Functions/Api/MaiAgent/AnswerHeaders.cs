using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Status and headers of an answer with one resource.</summary>
/// <param name="Status">The status.</param>
/// <param name="Replayed">True for a replayed idempotency key.</param>
/// <param name="Location">The URL of a created resource.</param>
public sealed record AnswerHeaders(int Status, bool Replayed, string? Location)
{
    public static readonly AnswerHeaders Ok = new(StatusCodes.Status200OK, Replayed: false, Location: null);

    public static AnswerHeaders Created(string location, bool replayed = false) =>
        new(StatusCodes.Status201Created, replayed, location);
}

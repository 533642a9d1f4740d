namespace Parley.Functions.Api.Responses;

/// <summary>The header of a response to a replayed idempotency key; its value is <c>true</c>.</summary>
internal static class ReplayedHeader
{
    public const string Name = "Idempotent-Replayed";
}

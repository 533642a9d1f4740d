namespace Azure.Data.Tables.Wire;

/// <summary>The answer that there is no such row.</summary>
internal sealed class NoValueResponse<T>(Response response) : NullableResponse<T>
{
    public override bool HasValue => false;

    public override T Value => throw new InvalidOperationException("The row does not exist, so the response has no value; ask HasValue first.");

    public override Response GetRawResponse() => response;
}

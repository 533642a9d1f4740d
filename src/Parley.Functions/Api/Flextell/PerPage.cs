namespace Parley.Functions.Api.Flextell;

/// <summary>The entries of a page: the query parameter <c>per_page</c>.</summary>
internal static class PerPage
{
    public const int Max = 100;

    /// <summary>That of the framework behind Flextell, whose reference names none.</summary>
    public const int Default = 15;
}

namespace Parley.Testing;

/// <summary>
/// The values of the trait of tests that <c>./dev test</c> leaves out without <c>--all</c>:
/// <c>[Trait(nameof(Needs), Needs.Browser)]</c>. docs/testing.md says what each needs.
/// </summary>
public static class Needs
{
    /// <summary>Chromium, and the packages of tests/browser.</summary>
    public const string Browser = "browser";

    /// <summary>The packages of tests/generated-clients.</summary>
    public const string Generators = "generators";

    /// <summary>The packages of tests/spreadsheet-readers.</summary>
    public const string Readers = "readers";
}

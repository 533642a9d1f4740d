using System.Text;

namespace Parley.Benchmarks;

/// <summary>Messages of realistic length, the same in every run.</summary>
internal static class SampleText
{
    private static readonly string[] EnumNames =
    [
        "order", "arrived", "yesterday", "parcel", "thank", "you", "please", "invoice", "address", "delivery", "tomorrow", "we",
        "the", "is", "at", "our", "warehouse", "crème", "größe", "číslo", "будет", "refund", "number", "when",
    ];

    /// <summary>A message of 5 to 50 words, some 170 characters on average.</summary>
    public static string Next(Random random)
    {
        var text = new StringBuilder();
        for (var left = random.Next(5, 51); left > 0; left--)
        {
            text.Append(EnumNames[random.Next(EnumNames.Length)]).Append(left > 1 ? ' ' : '.');
        }

        return text.ToString();
    }
}

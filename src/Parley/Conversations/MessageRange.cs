namespace Parley.Conversations;

/// <summary>Consecutive message numbers; both ends are included. Empty when the last is before the first.</summary>
internal readonly record struct MessageRange(int First, int Last)
{
    public int Count => Math.Max(0, Last - First + 1);

    public bool Contains(int number) => First <= number && number <= Last;

    /// <summary>Combines ascending numbers, each once, into as few ranges as possible.</summary>
    public static List<MessageRange> Of(IEnumerable<int> ascending)
    {
        var ranges = new List<MessageRange>();
        foreach (var number in ascending)
        {
            if (ranges.Count > 0 && ranges[^1].Last == number - 1)
            {
                ranges[^1] = ranges[^1] with { Last = number };
            }
            else
            {
                ranges.Add(new MessageRange(number, number));
            }
        }

        return ranges;
    }
}

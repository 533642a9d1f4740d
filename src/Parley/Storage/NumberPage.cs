namespace Parley.Storage;

/// <summary>A page of a list whose entries have dense numbers. Cursors are numbers too, so entries that come in move no page.</summary>
/// <param name="First">The lowest number of the page.</param>
/// <param name="Last">The highest; below <paramref name="First"/> when the page is empty.</param>
/// <param name="Next">What the next page's cursor holds; null at the end.</param>
/// <param name="Previous">What the cursor of the page before holds; null at the beginning.</param>
internal readonly record struct NumberPage(int First, int Last, int? Next, int? Previous)
{
    /// <summary>How many entries it has.</summary>
    public int Count => Math.Max(0, Last - First + 1);

    /// <summary>A page of the list that begins with the highest number.</summary>
    /// <param name="first">The list's lowest number.</param>
    /// <param name="last">The list's highest number; below <paramref name="first"/> when the list is empty.</param>
    /// <param name="cursor">
    /// Null for the newest page; the highest number of a page that is walked on to; the lowest number, negative, of one that is walked
    /// back to: so neither way repeats an entry.
    /// </param>
    /// <param name="size">The most entries of a page.</param>
    public static NumberPage NewestFirst(int first, int last, int? cursor, int size)
    {
        var (bottom, top) = cursor is < 0
            ? (-cursor.Value, (int)Math.Min(last, -(long)cursor.Value + size - 1))
            : (Math.Max(first, Math.Min(last, cursor ?? last) - size + 1), Math.Min(last, cursor ?? last));
        return new NumberPage(bottom, top, bottom > first ? bottom - 1 : null, top < last ? -(top + 1) : null);
    }
}

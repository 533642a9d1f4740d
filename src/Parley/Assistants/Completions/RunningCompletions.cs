using System.Collections.Concurrent;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>The completions that this process produces now, so that its followers need not poll storage.</summary>
public sealed class RunningCompletions
{
    // The last producer wins: an earlier one of the same completion has stalled, and another attempt has begun.
    private readonly ConcurrentDictionary<MessageKey, CompletionBroadcast> broadcasts = new();

    internal void Add(MessageKey key, CompletionBroadcast broadcast) => broadcasts[key] = broadcast;

    internal void Remove(MessageKey key, CompletionBroadcast broadcast) =>
        broadcasts.TryRemove(KeyValuePair.Create(key, broadcast));

    /// <summary>The states of the attempt that this process produces; null without one.</summary>
    internal CompletionBroadcast? Find(MessageKey key) => broadcasts.GetValueOrDefault(key);
}

using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>
/// Moves the components of a pipeline: to the device that computes while generations use them, and back to where they wait afterwards.
/// Concurrent generations share the weights. Users of each component are therefore counted; the first loads it, the last unloads it.
/// </summary>
/// <param name="compute">Device where components are used.</param>
/// <param name="home">Device where they wait; null without offloading: nothing is moved.</param>
internal sealed class DeviceOffloader(Device compute, Device? home)
{
    private readonly ConcurrentDictionary<IOffloadable, Users> _users = new(ReferenceEqualityComparer.Instance);

    /// <summary>Moves components that nothing uses yet to where they wait.</summary>
    /// <exception cref="InvalidOperationException">Offloading is on, and none of the components can be moved.</exception>
    public void Unload(IReadOnlyList<IOffloadable> parts)
    {
        if (home is null) return;
        if (parts.Count(part => part.TryMoveTo(home)) == 0)
        {
            string names = string.Join(", ", parts.Select(p => p.GetType().Name));
            throw new InvalidOperationException(
                $"Offload needs components that can be moved, and {nameof(IOffloadable.TryMoveTo)} of {names} returned false.");
        }
    }

    /// <summary>Loads components until the result is disposed. Components that cannot be moved stay where they are.</summary>
    /// <param name="cancellationToken">Checked before each component.</param>
    /// <param name="parts">The components that are about to be used.</param>
    public IDisposable Load(CancellationToken cancellationToken, params IReadOnlyList<IOffloadable> parts)
    {
        var lease = new Lease(this);
        if (home is null) return lease;
        try
        {
            foreach (IOffloadable part in parts)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Acquire(part);
                lease.Parts.Push(part);
            }

            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    private void Acquire(IOffloadable part)
    {
        Users users = _users.GetOrAdd(part, _ => new Users());
        // Held during the move: other users wait until the component is loaded or unloaded.
        lock (users)
        {
            if (users.Count == 0) MoveOrRevert(part);
            users.Count++;
        }
    }

    private void MoveOrRevert(IOffloadable part)
    {
        try
        {
            part.TryMoveTo(compute);
        }
        catch
        {
            // Memory may have run out when half of it was moved.
            part.TryMoveTo(home!);
            throw;
        }
    }

    private void Release(IOffloadable part)
    {
        Users users = _users[part];
        lock (users)
        {
            if (--users.Count == 0) part.TryMoveTo(home!);
        }
    }

    private sealed class Users
    {
        public int Count { get; set; }
    }

    private sealed class Lease(DeviceOffloader offloader) : IDisposable
    {
        public Stack<IOffloadable> Parts { get; } = [];

        public void Dispose()
        {
            while (Parts.TryPop(out IOffloadable? part)) offloader.Release(part);
        }
    }
}

using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>
/// Where the parts of a pipeline are: on the device that computes while some generation uses them, and at home otherwise.
/// Generations share the weights, so each part counts its users; the first brings it and the last sends it back.
/// </summary>
/// <param name="compute">Where parts are used.</param>
/// <param name="home">Where they wait; null where they stay.</param>
internal sealed class DeviceOffloader(Device compute, Device? home)
{
    private readonly ConcurrentDictionary<IOffloadable, Users> _users = new(ReferenceEqualityComparer.Instance);

    /// <summary>Sends parts home that nothing uses yet.</summary>
    /// <exception cref="InvalidOperationException">They are to wait at home, and none of them can be moved.</exception>
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

    /// <summary>Brings parts for as long as the result is not disposed. Parts that cannot be moved are where they are.</summary>
    /// <param name="cancellationToken">Checked before each part.</param>
    /// <param name="parts">What is about to be used.</param>
    public IDisposable Load(CancellationToken cancellationToken, params IReadOnlyList<IOffloadable> parts)
    {
        var stay = new Stay(this);
        if (home is null) return stay;
        try
        {
            foreach (IOffloadable part in parts)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Enter(part);
                stay.Parts.Push(part);
            }

            return stay;
        }
        catch
        {
            stay.Dispose();
            throw;
        }
    }

    private void Enter(IOffloadable part)
    {
        Users users = _users.GetOrAdd(part, _ => new Users());
        // Others that want the part wait until it is there, and those that leave until they may send it back.
        lock (users)
        {
            if (users.Count == 0) BringOrReturn(part);
            users.Count++;
        }
    }

    private void BringOrReturn(IOffloadable part)
    {
        try
        {
            part.TryMoveTo(compute);
        }
        catch
        {
            // Half of it may have found room.
            part.TryMoveTo(home!);
            throw;
        }
    }

    private void Leave(IOffloadable part)
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

    private sealed class Stay(DeviceOffloader residency) : IDisposable
    {
        public Stack<IOffloadable> Parts { get; } = [];

        public void Dispose()
        {
            while (Parts.TryPop(out IOffloadable? part)) residency.Leave(part);
        }
    }
}

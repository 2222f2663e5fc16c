namespace LatentDiffusion.Data;

/// <summary>
/// Computes the values that are constant throughout an epoch once per epoch. Keeps two epochs, because a batch may span two. Safe for
/// concurrent use.
/// </summary>
/// <param name="make">Computes the plan of an epoch.</param>
internal sealed class EpochPlans<T>(Func<long, T> make)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, T> _plans = [];

    public T PlanFor(long epoch)
    {
        lock (_gate)
        {
            if (_plans.TryGetValue(epoch, out T? plan)) return plan;
            if (_plans.Count > 1) _plans.Remove(_plans.Keys.MaxBy(e => Math.Abs(e - epoch)));
            return _plans[epoch] = make(epoch);
        }
    }
}

namespace LatentDiffusion.Denoising;

/// <summary>Time embeddings and their projections at the timesteps of one generation. Not safe for concurrent use.</summary>
internal sealed class TimeCache : IDisposable
{
    // All timesteps of ordinary generations; of longer ones the first, because the others would only push each other out.
    private const int Capacity = 128;

    private readonly Dictionary<(double Timestep, double? GuidanceScale), TimeProjections> _timesteps = [];
    private bool _disposed;

    /// <summary>How many timesteps are kept.</summary>
    public int Count => _timesteps.Count;

    /// <summary>Projections for an evaluation; null if samples differ in timestep or guidance scale, or if the cache is full.</summary>
    public TimeProjections? ProjectionsFor(DenoiserInput input)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        double timestep = input.Timesteps[0];
        double? scale = input.GuidanceScales?[0];
        if (input.Timesteps.Any(t => t != timestep) || input.GuidanceScales?.Any(s => s != scale) == true) return null;
        if (_timesteps.TryGetValue((timestep, scale), out TimeProjections? known)) return known;
        if (_timesteps.Count == Capacity) return null;
        _timesteps.Add((timestep, scale), known = new TimeProjections());
        return known;
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (TimeProjections projections in _timesteps.Values) projections.Dispose();
        _timesteps.Clear();
    }
}

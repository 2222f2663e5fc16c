namespace LatentDiffusion;

/// <summary>
/// Which generations the present code is called from, through progress callbacks: such code must not wait for the end of one of
/// them, which in turn waits for it.
/// </summary>
internal sealed class CallingGeneration : IDisposable
{
    private static readonly AsyncLocal<CallingGeneration?> s_current = new();

    private readonly CallingGeneration? _outer;
    private readonly PipelineComponents _parts;
    private volatile bool _ended;

    private CallingGeneration(PipelineComponents parts, CallingGeneration? outer) => (_parts, _outer) = (parts, outer);

    /// <summary>Whether the code is called from a generation of any pipeline.</summary>
    public static bool Exists => Callers.Any();

    private static IEnumerable<CallingGeneration> Callers
    {
        get
        {
            for (CallingGeneration? caller = s_current.Value; caller is not null; caller = caller._outer)
                // What a callback started may outlive its generation.
                if (!caller._ended) yield return caller;
        }
    }

    /// <summary>Whether the code is called from a generation of this pipeline.</summary>
    public static bool IsOf(PipelineComponents parts) => Callers.Any(c => ReferenceEquals(c._parts, parts));

    /// <summary>Marks what is called from here, until the result is disposed, on the same thread.</summary>
    public static CallingGeneration Begin(PipelineComponents parts) => s_current.Value = new CallingGeneration(parts, s_current.Value);

    public void Dispose()
    {
        _ended = true;
        s_current.Value = _outer;
    }
}

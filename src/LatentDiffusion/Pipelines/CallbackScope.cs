namespace LatentDiffusion;

/// <summary>
/// Which generations the present code is called from, through progress callbacks: such code must not wait for the end of one of
/// them, which in turn waits for it.
/// </summary>
internal sealed class CallbackScope : IDisposable
{
    private static readonly AsyncLocal<CallbackScope?> s_current = new();

    private readonly CallbackScope? _outer;
    private readonly PipelineComponents _components;
    private volatile bool _ended;

    private CallbackScope(PipelineComponents components, CallbackScope? outer) => (_components, _outer) = (components, outer);

    /// <summary>Whether the code is called from a generation of any pipeline.</summary>
    public static bool Exists => Callers.Any();

    private static IEnumerable<CallbackScope> Callers
    {
        get
        {
            for (CallbackScope? caller = s_current.Value; caller is not null; caller = caller._outer)
                // Work that a callback started may outlive its generation.
                if (!caller._ended) yield return caller;
        }
    }

    /// <summary>Whether the code is called from a generation of this pipeline.</summary>
    public static bool IsWithin(PipelineComponents components) => Callers.Any(c => ReferenceEquals(c._components, components));

    /// <summary>Marks all calls on this thread until the result is disposed.</summary>
    public static CallbackScope Begin(PipelineComponents components) => s_current.Value = new CallbackScope(components, s_current.Value);

    public void Dispose()
    {
        _ended = true;
        s_current.Value = _outer;
    }
}

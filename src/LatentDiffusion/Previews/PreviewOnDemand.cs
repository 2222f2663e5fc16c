namespace LatentDiffusion;

/// <summary>
/// A pipeline's preview, made when it is first asked for, since it may have to be fitted, and kept. Where making it fails,
/// the next that asks tries again: what found no room may find some later.
/// </summary>
/// <param name="make">Makes it; never at once with itself.</param>
internal sealed class PreviewOnDemand(Func<ILatentPreview> make)
{
    private readonly Lock _making = new();
    private volatile ILatentPreview? _made;

    /// <summary>The preview.</summary>
    public ILatentPreview Value
    {
        get
        {
            if (_made is { } made) return made;
            lock (_making) return _made ??= make();
        }
    }
}

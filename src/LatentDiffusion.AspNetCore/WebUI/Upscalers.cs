namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The upscalers of this process under the names that the web UI gives such: its own first.</summary>
internal sealed class Upscalers(ModelFacts facts)
{
    private const string None = "None";

    /// <summary>All by their names, in order.</summary>
    public async Task<IReadOnlyList<(string Name, IImageUpscaler Upscaler)>> ListAsync(CancellationToken cancellationToken)
    {
        // A plain filter in the web UI, too.
        var all = new List<(string Name, IImageUpscaler Upscaler)> { (None, KnownUpscalers.Lanczos) };
        all.AddRange(KnownUpscalers.All.Select(known => (Title(known.Name), known)));
        DiffusionPipeline? pipeline = await facts.FindDefaultAsync(cancellationToken).ConfigureAwait(false);
        foreach ((string name, IImageUpscaler upscaler) in pipeline?.Upscalers ?? new Dictionary<string, IImageUpscaler>())
            if (!KnownUpscalers.TryGet(name, out _)) all.Add((name, upscaler));
        return all;
    }

    /// <summary>The upscaler of a name; null where there is none.</summary>
    public async Task<IImageUpscaler?> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (name is "" or None) return KnownUpscalers.Lanczos;
        if (KnownUpscalers.TryGet(name, out IImageUpscaler? known)) return known;
        IReadOnlyList<(string Name, IImageUpscaler Upscaler)> all = await ListAsync(cancellationToken).ConfigureAwait(false);
        return all.FirstOrDefault(upscaler => upscaler.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Upscaler;
    }

    private static string Title(string name) => $"{char.ToUpperInvariant(name[0])}{name[1..]}";
}

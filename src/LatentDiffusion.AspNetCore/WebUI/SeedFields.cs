namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Seeds of a request; -1 draws one, so that the answer can name it.</summary>
/// <param name="Seed">The first image's.</param>
/// <param name="Subseed">The first image's variation seed.</param>
/// <param name="Strength">How far to vary; 0 for not at all.</param>
internal sealed record SeedFields(ulong Seed, ulong Subseed, double Strength)
{
    private const long Any = -1;

    public static SeedFields Read(FieldReader fields)
    {
        long seed = fields.Long("seed", Any, Any)!.Value, subseed = fields.Long("subseed", Any, Any)!.Value;
        return new SeedFields(Fixed(seed), Fixed(subseed), fields.Number("subseed_strength", 0, 1, 0)!.Value);
    }

    /// <summary>As in the web UI, images with a variation have one seed, and each the next variation seed.</summary>
    /// <param name="image">Number of the image, from 0.</param>
    public SeedFields ForImage(int image) =>
        Strength > 0 ? this with { Subseed = Subseed + (ulong)image } : this with { Seed = Seed + (ulong)image };

    public GenerationRequest ApplyTo(GenerationRequest request) => Strength > 0
        ? request with { Seed = Seed, VariationSeed = Subseed, VariationStrength = Strength }
        : request with { Seed = Seed };

    // The web UI's range.
    private static ulong Fixed(long seed) => seed == Any ? (ulong)Random.Shared.NextInt64(uint.MaxValue) : (ulong)seed;
}

namespace LatentDiffusion.Evaluation;

/// <summary>How an autoencoder uses its codebook.</summary>
/// <param name="Codes">Size of the codebook.</param>
/// <param name="Used">Number of codes that occurred.</param>
/// <param name="EntropyBits">Entropy of the codes' frequencies in bits per code: the rate of an ideal code that knows them.</param>
/// <param name="Perplexity">2 to the entropy: the number of equally frequent codes with that entropy.</param>
public sealed record CodeUsage(int Codes, int Used, double EntropyBits, double Perplexity)
{
    /// <summary>The usage from the count of each code.</summary>
    internal static CodeUsage FromCounts(long[] counts)
    {
        double total = counts.Sum();
        double entropy = counts.Where(c => c > 0).Sum(c => -c / total * Math.Log2(c / total));
        return new CodeUsage(counts.Length, counts.Count(c => c > 0), entropy, Math.Pow(2, entropy));
    }
}

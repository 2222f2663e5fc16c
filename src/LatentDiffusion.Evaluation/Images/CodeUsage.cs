namespace LatentDiffusion.Evaluation;

/// <summary>How an autoencoder with a codebook uses it.</summary>
/// <param name="Codes">Size of the codebook.</param>
/// <param name="Used">How many of its codes occurred.</param>
/// <param name="EntropyBits">Entropy of the codes' frequencies, bits a code: what an ideal code that knows them spends.</param>
/// <param name="Perplexity">2 to the entropy: how many equally frequent codes would have it.</param>
public sealed record CodeUsage(int Codes, int Used, double EntropyBits, double Perplexity)
{
    /// <summary>The usage that counts of each code show.</summary>
    internal static CodeUsage Of(long[] counts)
    {
        double total = counts.Sum();
        double entropy = counts.Where(c => c > 0).Sum(c => -c / total * Math.Log2(c / total));
        return new CodeUsage(counts.Length, counts.Count(c => c > 0), entropy, Math.Pow(2, entropy));
    }
}

namespace LatentDiffusion.Judge;

/// <summary>Probabilities of the classes of one aspect of an image.</summary>
internal sealed class Reading(IReadOnlyList<string> classes, IReadOnlyList<float> probabilities)
{
    /// <summary>The most probable class.</summary>
    public string Best => classes[Enumerable.Range(0, classes.Count).MaxBy(i => probabilities[i])];

    /// <summary>
    /// The probability of a class relative to the sum of it and its strongest rival: at least one half exactly if the class is
    /// the most probable one.
    /// </summary>
    public double RelativeProbability(string name)
    {
        int asked = Enumerable.Range(0, classes.Count).First(i => classes[i] == name);
        double rival = Enumerable.Range(0, classes.Count).Where(i => i != asked).Max(i => probabilities[i]);
        return probabilities[asked] + rival > 0 ? probabilities[asked] / (probabilities[asked] + rival) : 0;
    }
}

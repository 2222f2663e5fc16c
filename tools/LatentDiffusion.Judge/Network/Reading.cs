namespace LatentDiffusion.Judge;

/// <summary>One thing that the judge reads off a picture: how probable each of its classes is.</summary>
internal sealed class Reading(IReadOnlyList<string> classes, IReadOnlyList<float> shares)
{
    /// <summary>The most probable class.</summary>
    public string Best => classes[Enumerable.Range(0, classes.Count).MaxBy(i => shares[i])];

    /// <summary>
    /// What a class has of the probability that it shares with its strongest rival: a half or more where it is the most
    /// probable one, and only there.
    /// </summary>
    public double Of(string name)
    {
        int asked = Enumerable.Range(0, classes.Count).First(i => classes[i] == name);
        double rival = Enumerable.Range(0, classes.Count).Where(i => i != asked).Max(i => shares[i]);
        return shares[asked] + rival > 0 ? shares[asked] / (shares[asked] + rival) : 0;
    }
}

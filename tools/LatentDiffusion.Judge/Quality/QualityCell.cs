namespace LatentDiffusion.Judge;

/// <summary>One cell of a table: a way of sampling that is measured.</summary>
/// <param name="Table">Which table.</param>
/// <param name="Row">What the row is called.</param>
/// <param name="Column">What the column is called; empty in tables of one figure a row.</param>
/// <param name="Settings">How it is sampled.</param>
internal sealed record QualityCell(string Table, string Row, string Column, SamplingSettings Settings)
{
    /// <summary>A name for its file.</summary>
    public string FileName => $"{Table}-{Row}-{Column}".TrimEnd('-').Replace(' ', '-').Replace(",", "", StringComparison.Ordinal).Replace("/", "-", StringComparison.Ordinal) + ".json";
}

namespace LatentDiffusion.Judge;

/// <summary>One cell of a table: a way of sampling that is measured.</summary>
/// <param name="Table">Name of the table.</param>
/// <param name="Row">Name of the row.</param>
/// <param name="Column">Name of the column; empty in tables with one value per row.</param>
/// <param name="Settings">How the model is sampled.</param>
internal sealed record QualityCell(string Table, string Row, string Column, SamplingSettings Settings)
{
    /// <summary>File name of the result.</summary>
    public string FileName
    {
        get
        {
            string name = $"{Table}-{Row}-{Column}".TrimEnd('-').Replace(' ', '-');
            name = name.Replace(",", "", StringComparison.Ordinal).Replace("/", "-", StringComparison.Ordinal);
            return $"{name}.json";
        }
    }
}

namespace LatentDiffusion.Training;

/// <summary>Texts that read files, which can be read while another batch is computed.</summary>
internal interface IReadsAhead
{
    /// <summary>Starts to read the rows of the next batch.</summary>
    void Expect(long[] rows);
}

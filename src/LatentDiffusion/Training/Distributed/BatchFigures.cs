namespace LatentDiffusion.Training;

/// <summary>What one batch of a step yields in addition to its gradients.</summary>
/// <param name="Loss">The batch's part of the step's loss.</param>
/// <param name="Metrics">The objective's metrics of the batch.</param>
internal sealed record BatchFigures(double Loss, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Writes the figures of some batches, and the norm of the step's gradients.</summary>
    public static byte[] Write(double norm, IReadOnlyCollection<BatchFigures> batches)
    {
        using var message = new MemoryStream();
        using var writer = new BinaryWriter(message);
        writer.Write(norm);
        writer.Write(batches.Count);
        foreach (BatchFigures batch in batches)
        {
            writer.Write(batch.Loss);
            writer.Write(batch.Metrics.Count);
            foreach ((string name, double value) in batch.Metrics)
            {
                writer.Write(name);
                writer.Write(value);
            }
        }

        writer.Flush();
        return message.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    public static (double Norm, BatchFigures[] Batches) Read(byte[] message)
    {
        using var reader = new BinaryReader(new MemoryStream(message));
        double norm = reader.ReadDouble();
        var batches = new BatchFigures[reader.ReadInt32()];
        for (int i = 0; i < batches.Length; i++)
        {
            double loss = reader.ReadDouble();
            var metrics = new Dictionary<string, double>();
            for (int left = reader.ReadInt32(); left > 0; left--) metrics.Add(reader.ReadString(), reader.ReadDouble());
            batches[i] = new BatchFigures(loss, metrics);
        }

        return (norm, batches);
    }
}

using System.IO.Hashing;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The checkpoints of a run of several processes: process 0 reads and writes them, and the others receive its state. Only its machine
/// needs the folder.
/// </summary>
/// <param name="group">The processes; null for one.</param>
/// <param name="checkpoints">The checkpoints, which only process 0 reads and writes.</param>
/// <param name="parameters">The weights, which must be the same in all processes.</param>
/// <param name="leftOut">The left-out items.</param>
/// <param name="logger">Receives warnings, in process 0.</param>
internal sealed class SharedCheckpoints(
    IProcessGroup? group, TrainingCheckpoints checkpoints, FlatParameters parameters, LeftOutItems leftOut, ILogger logger)
{
    private readonly bool _isShared = group is { Size: > 1 };

    /// <summary>Path of the checkpoint that was read or written last; null for none.</summary>
    public string? Last { get; private set; }

    /// <inheritdoc cref="TrainingCheckpoints.RestoreNewest"/>
    public long RestoreNewest()
    {
        long step = 0;
        byte[] state = group.Exchange(() =>
        {
            if (!group.IsFirst()) return [];
            step = checkpoints.RestoreNewest();
            using var message = new MemoryStream();
            using var writer = new BinaryWriter(message);
            writer.Write(step);
            writer.Write(checkpoints.Last ?? "");
            writer.Write(leftOut.ToText() ?? "");
            writer.Flush();
            return message.ToArray();
        })[0];
        using var reader = new BinaryReader(new MemoryStream(state));
        step = reader.ReadInt64();
        Last = reader.ReadString() is { Length: > 0 } path ? path : null;
        string items = reader.ReadString();
        if (!group.IsFirst()) leftOut.Restore(items.Length > 0 ? items : null);
        SendState();
        return step;
    }

    /// <summary>Writes a checkpoint. Where the weights of the processes have come to differ, all take those of process 0 first.</summary>
    public void Write(long step)
    {
        if (_isShared) Agree(step);
        byte[] path = group.Exchange(() =>
        {
            if (!group.IsFirst()) return [];
            checkpoints.Write(step);
            return System.Text.Encoding.UTF8.GetBytes(checkpoints.Last!);
        })[0];
        Last = System.Text.Encoding.UTF8.GetString(path);
    }

    private void SendState()
    {
        if (!_isShared) return;
        foreach ((_, Tensor tensor) in checkpoints.Tensors) group!.Broadcast(tensor);
    }

    private void Agree(long step)
    {
        IReadOnlyList<byte[]> hashes = group.Exchange(() => Hash(parameters.Values));
        int[] others = [.. Enumerable.Range(1, hashes.Count - 1).Where(rank => !hashes[rank].AsSpan().SequenceEqual(hashes[0]))];
        if (others.Length == 0) return;
        if (group.IsFirst())
            logger.LogWarning(
                "At step {Step} the weights of {Processes} differ from those of process 0, as they do on unequal processors or with "
                    + "another number of threads: all continue with those of process 0.",
                step, string.Join(", ", others.Select(rank => $"process {rank}")));
        SendState();
    }

    private static byte[] Hash(Tensor values)
    {
        var hash = new XxHash128();
        foreach (Tensor block in FlatParameters.Blocks(values))
        {
            using (block)
            using (Tensor here = block.cpu()) hash.Append(here.bytes);
        }

        return hash.GetCurrentHash();
    }
}

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A table of vectors whose rows are expanded one by one, where the file's type allows, and are otherwise in memory.</summary>
internal sealed class StoredTable : PackedLayer
{
    [ComponentName(Name = "weight")] private Parameter _weight;

    /// <param name="weight">[count, width], without memory; owned by the layer.</param>
    public StoredTable(Parameter weight) : base(nameof(StoredTable))
    {
        _weight = weight;
        RegisterComponents();
    }

    public override Parameter Weight => _weight;

    /// <param name="input">Numbers of rows, […], int64.</param>
    /// <returns>[…, width], float32.</returns>
    public override Tensor forward(Tensor input)
    {
        if (Stored is { } stored) return stored.Select(input);
        using DisposeScope scope = NewDisposeScope();
        return _weight.index_select(0, input.reshape(-1)).view([.. input.shape, _weight.shape[1]]).MoveToOuterDisposeScope();
    }

    /// <summary>Does nothing: a table is not packed.</summary>
    public override void Unpack()
    {
    }

    /// <inheritdoc cref="Unpack"/>
    public override void Expose()
    {
    }

    private protected override void Replace(Parameter weight)
    {
        _weight.Dispose();
        _weight = weight;
        ConditionallyRegisterParameter("weight", weight);
    }
}

using System.Globalization;

namespace LatentDiffusion.Checkpoints;

/// <summary>Results of the calls in a checkpoint. Nothing is called.</summary>
internal static class PickleCalls
{
    /// <summary>Maximum characters of a dictionary's key; names of weights are ten times shorter.</summary>
    private const int LongestKey = 2000;

    /// <summary>Result of a global with a tuple of arguments: a known value, or a placeholder.</summary>
    public static object Reduce(object?[] call) => call switch
    {
        [PickleGlobal { Role: PickleGlobal.Kind.Unknown } global, object?[]] => new PickleObject(global.Name),
        [PickleGlobal { Role: PickleGlobal.Kind.Dictionary }, object?[] and []] => new Dictionary<string, object?>(),
        [PickleGlobal { Role: PickleGlobal.Kind.Dictionary }, object?[] and [List<object?> pairs]] => Dictionary(pairs),
        [PickleGlobal { Role: PickleGlobal.Kind.Size }, object?[] and [var sizes]] =>
            Numbers(sizes, "torch.Size").Cast<object?>().ToArray(),
        [PickleGlobal { Role: PickleGlobal.Kind.Tensor }, object?[] arguments] => Tensor(arguments),
        [PickleGlobal { Role: PickleGlobal.Kind.TypedTensor }, object?[] arguments] => TypedTensor(arguments),
        [PickleGlobal { Role: PickleGlobal.Kind.Parameter }, object?[] and [PickledTensor tensor, ..]] => tensor,
        [
            PickleGlobal { Role: PickleGlobal.Kind.Subclass },
            object?[] and
            [
                PickleGlobal { Role: PickleGlobal.Kind.Tensor or PickleGlobal.Kind.TypedTensor or PickleGlobal.Kind.Parameter } made,
                _, object?[] arguments, ..,
            ],
        ] => Reduce([made, arguments]),
        [PickleGlobal global, _] => throw new FormatException($"The pickle calls '{global.Name}' with unexpected arguments."),
        _ => throw new FormatException("The pickle calls something that is not a global."),
    };

    /// <summary>Result for a new object of a class.</summary>
    public static object New(object? type) => type switch
    {
        PickleGlobal { Role: PickleGlobal.Kind.Unknown } global => new PickleObject(global.Name),
        PickleGlobal { Role: PickleGlobal.Kind.Dictionary } => new Dictionary<string, object?>(),
        PickleGlobal global => throw new FormatException($"The pickle makes an object of '{global.Name}'."),
        _ => throw new FormatException("The pickle makes an object of something that is not a global."),
    };

    /// <summary>
    /// The storage of a persistent id: ('storage', type, key, device, number of values). Files from before PyTorch 1.6 also
    /// say which part of the storage is meant, as (key, first value, number of values), or None.
    /// </summary>
    public static PickledStorage Storage(object? id) => id switch
    {
        object?[] and
        [
            "storage", PickleGlobal { Role: PickleGlobal.Kind.Storage } type, string key, string, long and >= 0 and var count, .. var part,
        ] =>
            new PickledStorage(key, type.Type!, count, Part(part)),
        _ => throw new FormatException("The pickle has a persistent id that is not a storage."),
    };

    /// <summary>
    /// Sets an item. Keys that are neither text nor integers (classes, None, fractions) never lead to a weight, so their items
    /// are dropped.
    /// </summary>
    public static void SetItem(Dictionary<string, object?> dictionary, object? key, object? value)
    {
        // Hashing a key takes time proportional to its length, and one text may be used as key many times.
        if (key is string { Length: > LongestKey } && !IsContainer(value)) return;
        if (key is string { Length: > LongestKey })
            throw new FormatException($"The pickle has a key that is longer than {LongestKey} characters.");
        // Numbers become texts, whose hashes a hostile file cannot foresee.
        if (key is string text) dictionary[text] = value;
        else if (key is long number) dictionary[number.ToString(CultureInfo.InvariantCulture)] = value;
    }

    /// <summary>Whether a value is a tensor, or may hold some.</summary>
    public static bool IsContainer(object? value) =>
        value is PickledTensor or Dictionary<string, object?> or IReadOnlyList<object?> or PickleObject;

    /// <summary>Python 2 writes an OrderedDict as a list of its pairs.</summary>
    private static Dictionary<string, object?> Dictionary(List<object?> pairs)
    {
        var dictionary = new Dictionary<string, object?>();
        foreach (object? pair in pairs)
        {
            if (pair is not IReadOnlyList<object?> items || items is not [var key, var value])
                throw new FormatException("The pickle makes a dictionary of something other than pairs.");
            SetItem(dictionary, key, value);
        }

        return dictionary;
    }

    private static (long First, long Count)? Part(object?[] part) => part switch
    {
        [] or [null] => null,
        [object?[] and [string, long and >= 0 and var first, long and >= 0 and var count]] => (first, count),
        _ => throw new FormatException("The pickle has a persistent id that is not a storage."),
    };

    private static PickledTensor Tensor(object?[] arguments)
    {
        // Before PyTorch 0.4 nothing followed the strides; whether it requires a gradient does since.
        if (arguments is not [PickledStorage storage, long and >= 0 and var offset, var shape, var strides, .. var rest]
            || rest is not ([] or [bool, ..]))
        {
            throw new FormatException("The pickle makes a tensor of unexpected arguments.");
        }

        long[] sizes = Numbers(shape, "a shape"), steps = Numbers(strides, "strides");
        return sizes.Length == steps.Length
            ? new PickledTensor(storage, offset, sizes, steps)
            : throw new FormatException($"The pickle makes a tensor of {sizes.Length} dimensions with {steps.Length} strides.");
    }

    /// <summary>
    /// (storage of bytes, offset, shape, strides, gradient, hooks, type): how types are written that have no storage class.
    /// </summary>
    private static PickledTensor TypedTensor(object?[] arguments)
    {
        if (arguments is not [PickledStorage { ElementSize: 1 } storage, _, _, _, bool, _, var type, ..])
            throw new FormatException("The pickle makes a tensor of unexpected arguments.");
        if (type is not PickleGlobal { Role: PickleGlobal.Kind.DataType } known)
            throw new FormatException($"The pickle has a tensor of the type '{(type as PickleGlobal)?.Name}', which is not supported.");
        PickledTensor bytes = Tensor(arguments[..5]);
        return bytes with { Storage = storage with { Type = known.Type! } };
    }

    private static long[] Numbers(object? value, string what)
    {
        const int MaximumDimensions = 64;
        if (value is not object?[] items || items.Length > MaximumDimensions || !items.All(i => i is long and >= 0))
            throw new FormatException($"The pickle has {what} that is not a tuple of at most {MaximumDimensions} numbers from 0.");
        return [.. items.Select(i => (long)i!)];
    }
}

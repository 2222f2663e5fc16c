namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Python's pickle machine (pickletools, protocols 0 to 5), restricted to data: it builds dictionaries, lists, tuples, texts,
/// numbers, descriptions of tensors, and placeholders for every other object. It calls nothing.
/// </summary>
internal sealed class PickleMachine
{
    private const byte HighestProtocol = 5;

    /// <summary>A dictionary of parameters, in which the original code of textual inversion keeps its embeddings.</summary>
    private const string ParameterDict = "torch.nn.modules.container.ParameterDict";

    /// <summary>Maximum items on the stack. Python clears it every thousand items, so ordinary files stay far below.</summary>
    private const int MaximumStack = 1 << 17;

    private static readonly object s_mark = new();

    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];

    private readonly ICollection<PickledStorage>? _storages;

    /// <summary>Items that dictionaries may be made of in calls. One list may be given to many; a regular pickle writes each out.</summary>
    private long _items;

    private PickleMachine(ICollection<PickledStorage>? storages, long items) => (_storages, _items) = (storages, items);

    /// <summary>Reads one pickle; the bytes after it are left.</summary>
    /// <param name="bytes">Bytes that begin with the pickle.</param>
    /// <param name="storages">Receives every storage that the pickle refers to; null to collect none.</param>
    /// <returns>
    /// null, bool, long, BigInteger, double, string, byte[], object?[] for tuples, List for lists and sets, Dictionary,
    /// <see cref="PickledTensor"/>, <see cref="PickleGlobal"/>, or <see cref="PickleObject"/> for everything else.
    /// </returns>
    /// <exception cref="FormatException">The pickle is damaged, or names a way to run code; the message says which.</exception>
    public static object? Read(ref PickleBytes bytes, ICollection<PickledStorage>? storages = null)
    {
        var machine = new PickleMachine(storages, bytes.Left);
        byte instruction;
        while ((instruction = bytes.Byte()) != '.')
        {
            machine.Run(instruction, ref bytes);
            if (machine._stack.Count > MaximumStack)
                throw new FormatException($"The pickle has more than {MaximumStack} items on its stack.");
        }

        return machine.Pop();
    }

    private void Run(byte instruction, ref PickleBytes bytes)
    {
        switch (instruction)
        {
            case 0x80: RequireProtocol(bytes.Byte()); break;
            case 0x95: bytes.Int64(); break;
            case (byte)'(': Push(s_mark); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopToMark(); break;
            case (byte)'2': Push(Peek()); break;

            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'I': Push(bytes.LineIntegerOrBool()); break;
            case (byte)'L': Push(bytes.LineInteger()); break;
            case (byte)'K': Push((long)bytes.Byte()); break;
            case (byte)'M': Push((long)bytes.UInt16()); break;
            case (byte)'J': Push((long)bytes.Int32()); break;
            case 0x8a: Push(bytes.Integer(bytes.Byte())); break;
            case 0x8b: Push(bytes.Integer(bytes.Int32())); break;
            case (byte)'G': Push(bytes.Double()); break;
            case (byte)'X': Push(bytes.Text(bytes.UInt32())); break;
            case 0x8c: Push(bytes.Text(bytes.Byte())); break;
            case 0x8d: Push(bytes.Text(bytes.Int64())); break;
            case (byte)'U': Push(bytes.TextOrBytes(bytes.Byte())); break;
            case (byte)'T': Push(bytes.TextOrBytes(bytes.Int32())); break;
            case (byte)'C': Push(bytes.Bytes(bytes.Byte())); break;
            case (byte)'B': Push(bytes.Bytes(bytes.UInt32())); break;
            case 0x8e: Push(bytes.Bytes(bytes.Int64())); break;

            case (byte)')': Push(Array.Empty<object?>()); break;
            case (byte)'t': Push(PopToMark()); break;
            case 0x85: Push(PopMany(1)); break;
            case 0x86: Push(PopMany(2)); break;
            case 0x87: Push(PopMany(3)); break;
            case (byte)']': Push(new List<object?>()); break;
            case (byte)'l': Push(PopToMark().ToList()); break;
            case (byte)'a': Append(PopMany(1)); break;
            case (byte)'e': Append(PopToMark()); break;
            case 0x8f: Push(new List<object?>()); break;
            case 0x90: Append(PopToMark()); break;
            case 0x91: Push(PopToMark().ToList()); break;
            case (byte)'}': Push(new Dictionary<string, object?>()); break;
            case (byte)'d': PushDictionary(PopToMark()); break;
            case (byte)'s': SetItems(PopMany(2)); break;
            case (byte)'u': SetItems(PopToMark()); break;

            case (byte)'p': Remember(bytes.LineInteger()); break;
            case (byte)'q': Remember(bytes.Byte()); break;
            case (byte)'r': Remember(bytes.UInt32()); break;
            case 0x94: Remember(_memo.Count); break;
            case (byte)'g': Push(Recall(bytes.LineInteger())); break;
            case (byte)'h': Push(Recall(bytes.Byte())); break;
            case (byte)'j': Push(Recall(bytes.UInt32())); break;

            case (byte)'c': Push(PickleGlobal.Find(bytes.Line(), bytes.Line())); break;
            case 0x93: Push(NamedGlobal(PopMany(2))); break;
            case (byte)'R': Call(PopMany(2)); break;
            case (byte)'i': Call([PickleGlobal.Find(bytes.Line(), bytes.Line()), PopToMark()]); break;
            case (byte)'o': MakeInstance(PopToMark()); break;
            case 0x81: Push(PickleCalls.New(PopMany(2)[0])); break;
            case 0x92: Push(PickleCalls.New(PopMany(3)[0])); break;
            case (byte)'Q': PushStorage(PickleCalls.Storage(Pop())); break;
            case (byte)'b': Build(); break;
            default: throw new FormatException(
                $"The pickle has the instruction 0x{instruction:x2}, which PyTorch never writes.");
        }
    }

    private static void RequireProtocol(byte protocol)
    {
        if (protocol > HighestProtocol)
            throw new FormatException($"The pickle is of protocol {protocol}; the highest known is {HighestProtocol}.");
    }

    private static PickleGlobal NamedGlobal(object?[] names) => names is [string module, string name]
        ? PickleGlobal.Find(module, name)
        : throw new FormatException("The pickle names a global by something that is not text.");

    private void Append(object?[] items)
    {
        List<object?> list = Peek() switch
        {
            List<object?> plain => plain,
            PickleObject other => other.Elements ??= [],
            _ => throw new FormatException("The pickle appends to something that is not a list."),
        };
        list.AddRange(items);
    }

    private void PushDictionary(object?[] items)
    {
        Push(new Dictionary<string, object?>());
        SetItems(items);
    }

    private void SetItems(object?[] items)
    {
        Dictionary<string, object?> dictionary = Peek() switch
        {
            Dictionary<string, object?> plain => plain,
            PickleObject other => other.Items ??= [],
            _ => throw new FormatException("The pickle sets items of something that is not a dictionary."),
        };
        if (items.Length % 2 != 0) throw new FormatException("The pickle has a dictionary key without its value.");
        for (int i = 0; i < items.Length; i += 2) PickleCalls.SetItem(dictionary, items[i], items[i + 1]);
    }

    /// <summary>
    /// The state of objects, and attributes of dictionaries (PyTorch keeps versions of modules there), are dropped, except for the
    /// parameters that a <c>ParameterDict</c> keeps there.
    /// </summary>
    private void Build()
    {
        object? state = Pop();
        if (Peek() is PickleObject { Name: ParameterDict } parameters && state is Dictionary<string, object?> members)
            parameters.Items = members.GetValueOrDefault("_parameters") as Dictionary<string, object?>;
        if (Peek() is not (Dictionary<string, object?> or PickleObject or PickledTensor))
            throw new FormatException("The pickle sets the state of something that does not have a state.");
    }

    private void MakeInstance(object?[] call)
    {
        if (call is not [var type, .. var arguments]) throw new FormatException("The pickle makes an object without a class.");
        Call([type, arguments]);
    }

    private void Call(object?[] call)
    {
        if (call is [_, object?[] and [List<object?> items, ..]] && (_items -= items.Count) < 0)
            throw new FormatException("The pickle makes dictionaries of more items than the pickle has bytes.");
        Push(PickleCalls.Reduce(call));
    }

    private void Remember(long key)
    {
        // Wider numbers could be chosen so that all fall into one bucket of the dictionary.
        if (key is < 0 or > uint.MaxValue) throw new FormatException($"The pickle stores a memo under the number {key}.");
        _memo[key] = Peek();
    }

    private object? Recall(long key) => _memo.TryGetValue(key, out object? value)
        ? value
        : throw new FormatException($"The pickle loads memo {key}, which it never stored.");

    private void PushStorage(PickledStorage storage)
    {
        _storages?.Add(storage);
        Push(storage);
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Peek() => _stack.Count > 0 && _stack[^1] != s_mark
        ? _stack[^1]
        : throw new FormatException("The pickle takes an item from an empty stack.");

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopMany(int count)
    {
        var values = new object?[count];
        for (int i = count - 1; i >= 0; i--) values[i] = Pop();
        return values;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.FindLastIndex(item => ReferenceEquals(item, s_mark));
        if (mark < 0) throw new FormatException("The pickle returns to a mark that it never set.");
        object?[] values = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }
}

// Sets right, in an installed ts-mls 1.6.4, what keeps it from following RFC 9420. usage: node correct_ts_mls.mjs FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CORRECTIONS = [
    {
        // Section 7.9.2: an unmerged leaf of a node has to be listed by the nodes between them. Not by all to the root,
        // and the lists need not be the same.
        file: "clientState.js",
        from: "for (const parentIdx of dp) {",
        to: "for (const parentIdx of dp.slice(0, dp.indexOf(toNodeIndex(i)))) {",
    },
    {
        file: "clientState.js",
        from: "if (!arraysEqual(dpNode.parent.unmergedLeaves, n.parent.unmergedLeaves))",
        to: "if (!dpNode.parent.unmergedLeaves.includes(unmergedLeaf))",
    },
    {
        // Section 7.1: unmerged_leaves are sorted.
        file: "ratchetTree.js",
        from: "[...parentNode.parent.unmergedLeaves, insertedLeafIndex] }",
        to: "[...parentNode.parent.unmergedLeaves, insertedLeafIndex].sort((a, b) => a - b) }",
    },
    {
        // Section 7.4: the commit secret follows the last node of the filtered direct path, also where that is not the
        // root, as the half of the tree on the other side is blank.
        file: "pathSecrets.js",
        from: "const nextIndex = findFirstNonBlankAncestor(tree, currentIndex);",
        to:
            "const nextIndex = findFirstNonBlankAncestor(tree, currentIndex);\n" +
            "        if (tree[nextIndex] === undefined) {\n" +
            "            pathSecrets[rootIndex] = pathSecrets[currentIndex];\n" +
            "            break;\n" +
            "        }",
    },
];

for (const { file, from, to } of CORRECTIONS) {
    const path = join(process.argv[2], "dist/src", file);
    const text = readFileSync(path, "utf8");
    if (text.includes(to)) continue;
    if (text.split(from).length !== 2) throw new Error(`${path} is not of the version that is known: ${from}`);
    writeFileSync(path, text.replace(from, () => to));
}
